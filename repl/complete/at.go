package complete

import (
	"slices"
	"strings"

	"vnet/lang/lex"
)

// At returns what may stand at the cursor, best first: what begins with what
// is typed of the word, or else what is like it.
func At(text string, cursor int, s State) []Candidate {
	p := placeOf(text, cursor, s)
	if p == nil {
		return nil
	}
	list := slices.DeleteFunc(p.offers(), func(c Candidate) bool {
		return !c.Insertable() || c.Text == "," || c.Text == "(" // signs that touch the word before
	})
	return match(list, text)
}

// Next returns everything that may come at the cursor, a line each:
// placeholders such as <address>, and what they may be.
func Next(text string, cursor int, s State) []Candidate {
	p := placeOf(text, cursor, s)
	if p == nil {
		return nil
	}
	list := p.offers()
	notes := slices.DeleteFunc(slices.Clone(list), Candidate.Insertable)
	words := slices.DeleteFunc(list, func(c Candidate) bool { return !c.Insertable() })
	return append(unique(notes), match(words, text)...)
}

// Ghost returns a suggestion for what comes behind the text: of the history,
// whose newest entry is the last, or else what can come next if there is little
// choice. It is "" if there is none.
func Ghost(text string, s State, history []string) string {
	if strings.TrimSpace(text) == "" {
		return ""
	}
	for _, entry := range slices.Backward(history) {
		if rest, ok := strings.CutPrefix(entry, text); ok && rest != "" {
			return rest
		}
	}
	list := At(text, len(text), s)
	if len(list) == 0 {
		return ""
	}
	c := list[0]
	if c.Start == len(text) && len(list) > 1 && c.Kind != KindAddress {
		return "" // nothing of the word is typed, and it could be many
	}
	rest, ok := strings.CutPrefix(c.Text, text[c.Start:])
	if !ok || c.End != len(text) {
		return ""
	}
	return rest
}

// InQuotes reports whether what is typed at the cursor is text as it stands:
// inside of quotes or of a comment.
func InQuotes(text string, cursor int) bool {
	text = text[:onRune(text, cursor)]
	t := lastToken(lex.Script("", text).Tokens, len(text))
	if t == nil {
		return false
	}
	if t.Type == lex.Comment {
		return true
	}
	p := lex.ProblemOf(t)
	return p == lex.OpenString || p == lex.OpenBrace && strings.ContainsAny(t.Value[:1], "\"'")
}

// lastToken returns the token that ends at the end of the text, or nil.
func lastToken(tokens []lex.Token, end int) *lex.Token {
	if len(tokens) < 2 {
		return nil
	}
	if t := &tokens[len(tokens)-2]; t.Pos.Offset+len(t.Value) == end {
		return t
	}
	return nil
}

// A place is the cursor with all that the text before it tells.
type place struct {
	*reader
	start int    // where the word at the cursor begins
	typed string // what is typed of it, without its quote
	token *lex.Token
}

// placeOf reads the text up to the cursor; nil where nothing is completed.
func placeOf(text string, cursor int, s State) *place {
	cursor = onRune(text, cursor)
	before := text[:cursor]
	arrow := arrowAt(before)
	tokens := lex.Script("", before[:cursor-arrow]).Tokens
	p := &place{reader: newReader(text, cursor, s), start: cursor - arrow, typed: before[cursor-arrow:]}
	if t := lastToken(tokens, cursor); t != nil && arrow == 0 {
		switch {
		case t.Type == lex.Comment, t.Type == lex.String:
			return nil
		case t.Type == lex.Word || t.Type <= lex.Bad:
			p.token, p.start, p.typed = t, t.Pos.Offset, t.Value
			if t.Value != "" && strings.ContainsAny(t.Value[:1], "\"'") {
				p.start, p.typed = p.start+1, t.Value[1:]
			}
			tokens = append(tokens[:len(tokens)-2:len(tokens)-2], tokens[len(tokens)-1])
		}
	}
	p.read(tokens)
	return p
}

// arrowAt returns the length of the arrow that is being typed at the end.
func arrowAt(text string) int {
	n := len(text) - len(strings.TrimRight(text, "<->"))
	tail := text[len(text)-n:]
	if n == 0 || n == len(text) || text[len(text)-n-1] != ' ' || !strings.HasPrefix("<->", tail) && !strings.HasPrefix("->", tail) {
		return 0
	}
	return n
}

// match keeps the candidates that begin with what is typed; if there are none,
// those that do so in other letters, then those that have it somewhere.
func match(list []Candidate, text string) []Candidate {
	ways := []func(have, typed string) bool{
		strings.HasPrefix,
		func(have, typed string) bool {
			return len(have) >= len(typed) && strings.EqualFold(have[:len(typed)], typed)
		},
		func(have, typed string) bool {
			return len(typed) > 1 && strings.Contains(strings.ToLower(have), strings.ToLower(typed))
		},
		func(have, typed string) bool {
			return len(typed) > 2 && within(strings.ToLower(have), strings.ToLower(typed))
		},
	}
	for _, like := range ways {
		var out []Candidate
		for _, c := range list {
			if like(c.Text, text[c.Start:c.End]) {
				out = append(out, c)
			}
		}
		if len(out) > 0 {
			return unique(out)
		}
	}
	return nil
}

// within reports whether the letters of typed come in have, in their order.
func within(have, typed string) bool {
	for _, r := range typed {
		i := strings.IndexRune(have, r)
		if i < 0 {
			return false
		}
		have = have[i+1:]
	}
	return true
}

// unique drops candidates that are there already.
func unique(list []Candidate) []Candidate {
	seen := make(map[string]bool, len(list))
	return slices.DeleteFunc(list, func(c Candidate) bool {
		was := seen[c.Text]
		seen[c.Text] = true
		return was
	})
}
