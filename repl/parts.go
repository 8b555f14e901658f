package repl

import (
	"context"
	"strings"

	"vnet/lang/lex"
	"vnet/lang/name"
	"vnet/runtime"
)

// parts cuts an entry with words of the prompt among its statements into what
// is carried out one after the other: each word by itself, and the statements
// between two of them together. Any other entry is one part.
func parts(text string) []string {
	if strings.HasPrefix(strings.TrimSpace(text), ":") {
		return []string{text} // the whole line is its argument
	}
	statements := topLevel(text)
	word := make([]bool, len(statements))
	own := false
	for i, s := range statements {
		word[i] = promptWord(s)
		own = own || word[i]
	}
	if !own {
		return []string{text}
	}
	var out []string
	joined := false
	for i, s := range statements {
		bare := strings.Trim(s, separators)
		if word[i] {
			bare = uncommented(bare)
		}
		alone := word[i] || bare == "commit"
		if joined && !alone {
			out[len(out)-1] += strings.TrimRight(s, separators)
		} else {
			out = append(out, bare)
		}
		joined = !alone
	}
	for i := range out {
		out[i] += "\n"
	}
	return out
}

// separators stand between statements.
const separators = "; \t\n"

// promptWord reports whether a statement is one of the prompt's, other than
// commit, which is one of the language too.
func promptWord(statement string) bool {
	words := strings.Fields(strings.Trim(uncommented(statement), separators))
	if len(words) == 0 || words[0] == "commit" {
		return false
	}
	return handlers[words[0]] != nil || leaving[words[0]] && len(words) == 1
}

// uncommented is a text without its comments, and what surrounds it.
func uncommented(text string) string {
	var b strings.Builder
	from := 0
	for _, t := range lex.Script("", text).Tokens {
		if t.Type == lex.Comment {
			b.WriteString(text[from:t.Pos.Offset])
			from = t.Pos.Offset + len(t.Value)
		}
	}
	return strings.TrimSpace(b.String() + text[from:])
}

// topLevel cuts a text where a statement outside of all brackets begins. What
// separates two stands at the beginning of the second.
func topLevel(text string) []string {
	var out []string
	depth, from := 0, 0
	begun := false // the statement at from has a word
	for _, t := range lex.Script("", text).Tokens {
		switch at := t.Pos.Offset; {
		case t.Type == lex.EOF:
		case t.Type == lex.Newline:
			if depth == 0 && begun {
				out, from, begun = append(out, text[from:at]), at, false
			}
			continue
		case t.Type == lex.Comment:
			continue
		case t.Type == lex.Sign && strings.ContainsAny(t.Value, "{(["):
			depth++
		case t.Type == lex.Sign && strings.ContainsAny(t.Value, "})]"):
			depth = max(0, depth-1)
		}
		begun = begun || t.Type != lex.EOF
	}
	if begun {
		out = append(out, text[from:])
	}
	return out
}

// carryOut carries out the parts of an entry until one fails.
func (p *Prompt) carryOut(ctx context.Context, text string) (status int, done bool) {
	line := strings.TrimSpace(text)
	if line == "" || strings.HasPrefix(line, "#") && !strings.Contains(line, "\n") {
		return 0, false
	}
	p.seen = append(p.seen, strings.TrimRight(text, "\n"))
	parts := parts(text)
	for i, part := range parts {
		status, done = p.entry(ctx, part)
		if done || ctx.Err() != nil {
			return status, done
		}
		if status != int(runtime.Done) {
			if rest := parts[i+1:]; len(rest) > 0 {
				p.tell("not carried out: %s", name.Quote(strings.Join(strings.Split(strings.TrimSpace(strings.Join(rest, "")), "\n"), "; ")))
			}
			return status, false
		}
	}
	return status, false
}
