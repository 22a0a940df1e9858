"""Solutions of the longer exercises that the usual suite tries: wrong ones take seconds, right ones more.

Where every crash is searched, one is enough here: `.ci/long` tries every solution of every exercise.
"""

SAMPLE = frozenset(
    {
        "04_survive_worker_crash/wrong/nothing_lost__auto_ack",
        "06_poison_messages/wrong/bounded_attempts__requeues_for_ever",
        "06_poison_messages/wrong/good_tasks_done__the_first_error_ends_the_worker",
        "06_poison_messages/wrong/nothing_lost__auto_ack",
        "09_publish_subscribe/wrong/audit_gets_all__one_queue_for_all",
        "09_publish_subscribe/wrong/same_declaration__fanout_in_the_producer",
        "10_size_the_system/right/four",
        "10_size_the_system/wrong/meets_slo__three_workers",
        "10_size_the_system/wrong/affordable__six_workers",
        "10_size_the_system/wrong/valid__a_text",
        "10_size_the_system/wrong/valid__prose",
    }
)
