"""Trainings on photographs alone, by the camera that took them: nothing forged is seen."""
