package parse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/diag"
	"vnet/lang/lex"
	"vnet/lang/usage"
)

// problem says what is wrong with a Bad token.
func (s *session) problem(t *lexer.Token) *diag.Diagnostic {
	p, span := s.scan.Problem(t)
	d := diag.New("", span, "")
	say := func(code diag.Code, summary, help string) *diag.Diagnostic {
		d.Code, d.Summary = code, summary
		return d.WithHelp("%s", help)
	}
	switch p {
	case lex.ControlByte:
		return say(diag.ControlByte, fmt.Sprintf("a byte that has no place in a script: %#02x", t.Value[0]), controlHelp(t.Value[0]))
	case lex.InvalidUTF8:
		return say(diag.NotUTF8, "this is not UTF-8", "save the file as UTF-8")
	case lex.CurlyQuote:
		return say(diag.CurlyQuote, "a typographic quote", "write `"+straight(t.Value)+"`")
	case lex.LongDash:
		return say(diag.LongDash, "a long dash `"+t.Value+"`", "write `-`; in quotes it may stand as it is")
	case lex.StrangeSpace:
		return say(diag.StrangeSpace, "a space that is not the ordinary one", "type it anew with the space bar")
	case lex.DrawnArrow:
		return say(diag.DrawnArrow, "an arrow drawn as one character", "write `<->` for a cable, `->` for a way")
	case lex.OpenString:
		return say(diag.OpenQuote, "this text is never closed", openQuoteHelp(t.Value))
	case lex.OpenBrace:
		if strings.HasPrefix(t.Value, "${") {
			return say(diag.OpenVariable, "`${` is not closed on its line", "write the `}` that belongs to it")
		}
		return say(diag.OpenVariable, "this is not closed on its line", "write the bracket that belongs to it")
	case lex.TooDeep:
		return say(diag.DeepNesting, "nested too deep", fmt.Sprintf("the limit is %d levels", lex.MaxDepth))
	case lex.Glued:
		return say(diag.TextsTouch, "no space between a word and a quoted text", "put all of it in quotes, or a space between the two")
	case lex.NoOperator:
		return say(diag.StrangeSign, "`"+t.Value+"` means nothing here", signHelp(t.Value))
	case lex.ShellSign:
		return say(diag.ShellSign, "`"+t.Value+"` is for a shell, and exec has none", s.shellHelp(t))
	case lex.Bracket:
		return say(diag.QuoteBracket, "`"+t.Value+"` has to be quoted in the arguments of a program", "write `"+s.quoted(t)+"`")
	}
	return say(diag.StrayBracket, "`"+t.Value+"` closes nothing", "delete it, or write the bracket that is open here")
}

// multiline reports whether a Bad token is a text that further lines may close.
func multiline(t *lexer.Token) bool {
	return lex.ProblemOf(t) == lex.OpenString && (strings.Contains(t.Value, `"""`) || strings.Contains(t.Value, "'''"))
}

// quoted is a bracket in quotes, with all up to the one that closes it on the
// line.
func (s *session) quoted(t *lexer.Token) string {
	rest, _, _ := strings.Cut(s.text[t.Pos.Offset:], "\n")
	end := 0
	if closer := closers[t.Value]; closer != "" {
		end = strings.LastIndex(rest, closer)
	}
	if end <= 0 || end > 60 || strings.Contains(rest[:end], "'") {
		return "'" + t.Value + "'"
	}
	return "'" + rest[:end+1] + "'"
}

func controlHelp(c byte) string {
	switch c {
	case 0:
		return "this is not a text file"
	case '\r':
		return "end lines with a newline"
	}
	return "delete it; in \"…\" it is written `\\u{" + fmt.Sprintf("%x", c) + "}`"
}

func openQuoteHelp(text string) string {
	if strings.HasPrefix(text, `"""`) || strings.HasPrefix(text, "'''") {
		return "write `" + text[:3] + "` where it ends"
	}
	return "write the quote where it ends; a text of several lines stands in `\"\"\"` or `'''`"
}

func straight(text string) string {
	quotes := strings.NewReplacer("“", `"`, "”", `"`, "„", `"`, "‟", `"`, "«", `"`, "»", `"`, "‘", "'", "’", "'", "‚", "'", "‛", "'")
	return quotes.Replace(text)
}

func signHelp(sign string) string {
	switch sign {
	case "&&":
		return "write `and`, or a statement on a line of its own"
	case "||":
		return "write `or`; to go on after a failure write `try`"
	case "|":
		return "for a pipe write `exec in NS sh 'a | b'`"
	case "!", "!!":
		return "write `not`"
	case "&":
		return "to run statements at the same time write `parallel { … }`"
	}
	return "put it in quotes"
}

// shellHelp shows how to run the line in a shell.
func (s *session) shellHelp(t *lexer.Token) string {
	if t.Value == `\;` {
		return "write `';'`"
	}
	from, to := t.Pos.Offset, t.Pos.Offset
	for from > 0 && s.text[from-1] != '\n' {
		from--
	}
	for to < len(s.text) && s.text[to] != '\n' {
		to++
	}
	line := strings.TrimSpace(s.text[from:to])
	words := strings.Fields(line)
	at := max(slices.Index(words, "exec"), slices.Index(words, "spawn"))
	if at < 0 || len(line) > 120 || strings.ContainsAny(line, "'\n}") {
		return "put it in quotes, or let a shell run it: `exec in NS sh '…'`"
	}
	words = words[at:]
	n := beforeProgram(words)
	head, command := strings.Join(words[:n], " "), strings.Join(words[n:], " ")
	return "let a shell run it: `" + head + " sh '" + command + "'`"
}

// beforeProgram counts the words of an exec line before its program.
func beforeProgram(words []string) int {
	n := 1
	for n < len(words) {
		o := usage.Of(words[0]).Option(usage.Whole, words[n])
		if o == nil {
			break
		}
		n += 1 + o.Arity
	}
	if n < len(words) && words[n] == "in" {
		n += 2
	}
	return min(n, len(words))
}

// pieceProblem says what is wrong inside a word or quoted text.
func pieceProblem(p *lex.Piece, t *lexer.Token) *diag.Diagnostic {
	switch p.Problem {
	case lex.BadEscape:
		return diag.New(diag.BadEscape, p.Span, "an escape that vnet does not know").
			WithHelp("it knows `\\n \\t \\\" \\\\ \\$ \\u{…}`; a backslash itself is `\\\\`, and `'…'` takes everything as it is")
	case lex.LoneDollar:
		return diag.New(diag.LoneDollar, p.Span, "`$` without the name of a variable").
			WithHelp("a dollar is written `$$`; `'…'` takes everything as it is")
	case lex.InvalidUTF8:
		return diag.New(diag.NotUTF8, p.Span, "this is not UTF-8").WithHelp("save the file as UTF-8")
	}
	return diag.New(diag.ControlByte, p.Span, "a byte that has no place in a script").
		WithHelp("in \"…\" it is written `\\u{…}` with its number in hexadecimal")
}
