from subscriber import subscribe

subscribe("mail", "#")
