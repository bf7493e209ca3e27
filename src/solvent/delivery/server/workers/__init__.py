"""Workers: several processes that answer on one socket, and the one that watches over them."""
