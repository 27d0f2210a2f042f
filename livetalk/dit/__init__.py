"""The diffusion transformer: one class for student, teacher and critic, `tiny` and the published sizes."""
