"""Which tasks are tracked for which models, and which object a call is for."""
