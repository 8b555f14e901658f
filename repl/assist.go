package repl

import "vnet/repl/complete"

// An Assistant knows what is being typed. Offsets are in bytes.
type Assistant interface {
	At(text string, cursor int) []complete.Candidate   // what may stand at the cursor, best first
	Next(text string, cursor int) []complete.Candidate // all that may come next, for `?`
	Ghost(text string, history []string) string        // what is likely to follow
	Marks(text string, cursor int) []complete.Mark
	InQuotes(text string, cursor int) bool
}

// Assist returns the Assistant that knows the language and what is alive.
func Assist(s complete.State) Assistant { return assistant{s} }

type assistant struct{ complete.State }

func (a assistant) At(text string, cursor int) []complete.Candidate {
	return complete.At(text, cursor, a.State)
}

func (a assistant) Next(text string, cursor int) []complete.Candidate {
	return complete.Next(text, cursor, a.State)
}

func (a assistant) Ghost(text string, history []string) string {
	return complete.Ghost(text, a.State, history)
}

func (a assistant) Marks(text string, cursor int) []complete.Mark {
	return complete.MarksAt(text, cursor, a.State)
}

func (a assistant) InQuotes(text string, cursor int) bool { return complete.InQuotes(text, cursor) }

// nobody is the Assistant of a prompt that has none.
type nobody struct{}

func (nobody) At(string, int) []complete.Candidate   { return nil }
func (nobody) Next(string, int) []complete.Candidate { return nil }
func (nobody) Ghost(string, []string) string         { return "" }
func (nobody) Marks(string, int) []complete.Mark     { return nil }
func (nobody) InQuotes(string, int) bool             { return false }
