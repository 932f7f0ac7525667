"""Faces of FaceForensics++ and of the DeepFakeDetection actors: six manipulations at three qualities."""
