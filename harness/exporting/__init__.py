"""Write the plain models of a recorded run as their own libraries load them."""
