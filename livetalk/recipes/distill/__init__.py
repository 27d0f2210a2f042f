"""The paper's recipe: teacher, ODE initialisation, distribution matching distillation."""
