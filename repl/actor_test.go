package repl

const actorArg = "act as a prompt"

func act() {}
