"""The replay: a run as a film to play, step and drag, and a place to ask "what if this worker dies now?".

`legs` reads from a trace where each message went when, `film` packs that for the browser, the `.js` files
play it, `page` makes one file of both, `widget` is the same in a notebook, with the runs that interventions
make.
"""
