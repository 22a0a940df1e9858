# %%
packers = 37
while mq.theory.erlang_c(packers, 36) >= 0.1:
    packers += 1
packers

# %%
packers = 5
while share_in_time(BURSTY, packers, seconds=1, seed=1) < 0.95:
    packers += 1
packers
