"""Solutions of the longer exercises that the usual suite tries: wrong ones take seconds, right ones more."""

SAMPLE = frozenset(
    {
        "04_survive_worker_crash/wrong/effects__never_recorded",
        "04_survive_worker_crash/wrong/work_before_effect__records_first",
        "04_survive_worker_crash/wrong/nothing_lost__auto_ack",
        "06_poison_messages/wrong/bounded_attempts__requeues_for_ever",
        "06_poison_messages/wrong/good_tasks_done__the_first_error_ends_the_worker",
        "06_poison_messages/wrong/nothing_lost__auto_ack",
        "07_do_it_once/wrong/nothing_lost__claims_first",
        "07_do_it_once/wrong/effect_once__seen_then_record",
        "09_publish_subscribe/wrong/audit_gets_all__one_queue_for_all",
        "09_publish_subscribe/wrong/same_declaration__fanout_in_the_producer",
        "10_size_the_system/right/four",
        "10_size_the_system/wrong/meets_slo__three_workers",
        "10_size_the_system/wrong/affordable__six_workers",
        "10_size_the_system/wrong/valid__a_text",
        "10_size_the_system/wrong/valid__prose",
    }
)
