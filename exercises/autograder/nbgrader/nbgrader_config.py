"""nbgrader's configuration of a course with exercises of mqsim."""

c = get_config()  # noqa: F821 - nbgrader provides it
c.CourseDirectory.course_id = "message-queues"
# A whole search of crash points takes seconds, and a slow machine needs room.
c.ExecutePreprocessor.timeout = 300
# Starters come without solutions already: `mqsim exercise release` has taken them out.
c.ClearSolutions.enforce_metadata = False
