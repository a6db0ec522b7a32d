"""How fast the solver, the training and their scaling are; nothing else imports this."""
