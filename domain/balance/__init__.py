"""Balance: which waiting patients are to be offered which free slots, all of them at once."""
