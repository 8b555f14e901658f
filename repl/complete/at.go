package complete

import (
	"strings"

	"vnet/lang/lex"
	"vnet/lang/usage"
)

// At returns what may stand at the cursor, best first: what begins with what
// is typed of the word, or else what is like it.
func At(text string, cursor int, s State) []Candidate {
	start := strings.LastIndexAny(text[:cursor], " \t\n;{") + 1
	var list []Candidate
	for _, e := range usage.All() {
		if strings.HasPrefix(e.Word, text[start:cursor]) {
			list = append(list, Candidate{Text: e.Word, Doc: e.Doc, Start: start, End: cursor})
		}
	}
	return list
}

// Next returns everything that may come at the cursor, placeholders included.
func Next(text string, cursor int, s State) []Candidate { return At(text, cursor, s) }

// Ghost returns a suggestion for the rest of the text: of the history, newest
// last, or what can come next; "" if there is none.
func Ghost(text string, s State, history []string) string {
	if text == "" {
		return ""
	}
	for i := len(history) - 1; i >= 0; i-- {
		if rest, ok := strings.CutPrefix(history[i], text); ok && rest != "" {
			return rest
		}
	}
	return ""
}

// Marks says what the stretches of the text are, for a cursor at its end.
func Marks(text string, s State) []Mark { return MarksAt(text, len(text), s) }

// MarksAt is Marks for a cursor somewhere in the text: the word there may
// still become something valid.
func MarksAt(text string, cursor int, s State) []Mark {
	var marks []Mark
	for _, t := range lex.Script("", text).Tokens {
		if t.Type == lex.Comment || t.Type == lex.String {
			class := ClassString
			if t.Type == lex.Comment {
				class = ClassComment
			}
			marks = append(marks, Mark{t.Pos.Offset, t.Pos.Offset + len(t.Value), class})
		}
	}
	return marks
}

// InQuotes reports whether what is typed at the cursor is text as it stands:
// inside of quotes or of a comment.
func InQuotes(text string, cursor int) bool {
	tokens := lex.Script("", text[:cursor]).Tokens
	if len(tokens) < 2 {
		return false
	}
	t := &tokens[len(tokens)-2]
	return t.Type == lex.Comment && t.Pos.Offset+len(t.Value) == cursor || lex.ProblemOf(t) == lex.OpenString
}
