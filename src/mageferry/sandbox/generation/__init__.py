"""Very many orders and source items: rows for every filter, bodies that are made when somebody reads them."""
