"""What holds for all tests: no deadline for one example, since machines are shared and the first call imports."""

from __future__ import annotations

from hypothesis import settings

settings.register_profile("shared-machine", deadline=None)
settings.load_profile("shared-machine")
