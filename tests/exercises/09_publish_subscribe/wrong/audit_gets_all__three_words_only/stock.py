from subscriber import subscribe

subscribe("stock", "order.*.eu")
