from subscriber import subscribe

subscribe("mail", "order.paid.*")
