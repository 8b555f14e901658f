package parse

// Other tools name the namespace behind the statement, or right behind its first
// word; here it stands before it: in NS STATEMENT.

import (
	"strings"

	"github.com/alecthomas/participle/v2/lexer"

	"vnet/lang/lex"
)

// spaceFirst tells where the namespace stands.
func (f *fault) spaceFirst(statement string) *fault {
	return f.help("the namespace stands before: `%s`", statement)
}

// spaceAstray puts the namespace first in a statement that has it elsewhere;
// empty where it has none. The token is what has no place, behind last.
func (s *session) spaceAstray(head string, last, t *lexer.Token) (statement string) {
	if statement := s.spaceLast(t); statement != "" {
		return statement
	}
	return s.spaceSecond(head, last, t)
}

// spaceLast puts the namespace first in a statement that ends with `in NS`. The
// token is that `in`; empty where it is none.
func (s *session) spaceLast(t *lexer.Token) (statement string) {
	i := s.indexOf(t)
	if !isWord(t, "in") || i+2 >= len(s.scan.Tokens) || s.scan.Tokens[i+1].Type != lex.Word || !ends(&s.scan.Tokens[i+2]) {
		return ""
	}
	words := s.wordsFrom(s.begin(i))
	if len(words) < 3 || words[0] == "in" {
		return ""
	}
	return "in " + s.scan.Tokens[i+1].Value + " " + strings.Join(words[:len(words)-2], " ")
}

// begin finds the first token of the statement that a token is in.
func (s *session) begin(i int) int {
	for i > 0 && !ends(&s.scan.Tokens[i-1]) && !isSign(&s.scan.Tokens[i-1], "{") {
		i--
	}
	return i
}

// spaceSecond puts the namespace first in a statement that has it behind its
// first word, which is last; rest is what has no place then.
func (s *session) spaceSecond(head string, last, rest *lexer.Token) (statement string) {
	i := s.indexOf(rest)
	if last == nil || last.Type != lex.Word || i < 2 || !isWord(&s.scan.Tokens[i-2], head) || strings.ContainsAny(last.Value, "./:-=") {
		return ""
	}
	words := s.wordsFrom(i)
	switch {
	case len(words) == 0:
		return ""
	case head == "forward" && (words[0] == "on" || words[0] == "off"):
	case head == "sysctl" && strings.ContainsAny(words[0], "./"):
		words = strings.Fields(strings.Replace(strings.Join(words, " "), "=", " = ", 1))
	case head == "route" && (words[0] == "default" || strings.Contains(words[0], "/")):
		head = "route add"
	default:
		return ""
	}
	return "in " + last.Value + " " + head + " " + strings.Join(words, " ")
}
