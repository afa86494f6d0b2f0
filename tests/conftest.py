"""Settings that all tests share."""

import os

from hypothesis import settings

# A first call may compile a kernel, so no example has a deadline. On a build server the same examples are drawn each time.
settings.register_profile("local", deadline=None)
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") else "local")
