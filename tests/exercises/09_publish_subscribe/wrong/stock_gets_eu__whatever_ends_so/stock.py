from subscriber import subscribe

subscribe("stock", "#.eu")
