"""Reading other people's data sets into arrays that are made once, mapped into memory and shared by processes."""
