dave ALL=ALL
