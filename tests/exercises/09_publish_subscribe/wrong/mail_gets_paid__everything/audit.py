from subscriber import subscribe

subscribe("audit", "#")
