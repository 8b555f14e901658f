package lex

import "strings"

// open notes a bracket and reports whether that is not too deep.
func (s *scanner) open(sign byte) bool {
	if s.depth >= MaxDepth {
		return false
	}
	s.frames = append(s.frames, frame{sign: sign, at: s.pos, head: s.head, args: s.args})
	s.depth++
	return true
}

// bracket reads one of ( ) [ ] { }.
func (s *scanner) bracket(c byte) {
	switch c {
	case '(', '[', '{':
		if !s.open(c) {
			s.tooDeep(1)
			return
		}
		s.emit(Sign, 1)
		if c == '{' {
			s.head = head{}
			s.newStatement()
		}
	default:
		s.closeBracket(c)
	}
}

// tooDeep gives up on the rest of the text: recovery would have to count the
// brackets that were not counted.
func (s *scanner) tooDeep(n int) {
	s.bad(TooDeep, n)
	s.skip(len(s.text) - s.off)
	s.frames = nil
}

var openerOf = map[byte]byte{')': '(', ']': '[', '}': '{'}

// closeBracket ends a bracket; brackets inside it that are still open end with it.
func (s *scanner) closeBracket(c byte) {
	for i := len(s.frames) - 1; i >= 0; i-- {
		f := s.frames[i]
		if f.sign == openerOf[c] {
			s.depth -= len(s.frames) - i
			if c == '}' {
				s.depth -= s.head.prefixes
			}
			s.frames = s.frames[:i]
			s.emit(Sign, 1)
			s.head, s.args = f.head, f.args && c != '}'
			if c == '}' {
				s.head.stage = start
			}
			return
		}
		if f.sign == '{' {
			break
		}
	}
	if s.inBrackets() { // rather the wrong closer than one too many
		s.frames = s.frames[:len(s.frames)-1]
		s.depth--
	}
	s.bad(StrayCloser, 1)
}

// signOrWord reads what is neither space nor quoted.
func (s *scanner) signOrWord(rest string) {
	c := rest[0]
	switch c {
	case '(', ')', '[', ']', '{', '}':
		s.bracket(c)
		return
	case ',':
		s.emit(Sign, 1)
		return
	case '<', '>', '=', '!', '-', '|', '&':
		if n := signLength(rest); n > 0 {
			s.sign(n)
			return
		}
	}
	if c == '|' || c == '&' || c == '!' {
		n := 1
		if len(rest) > 1 && rest[1] == c {
			n = 2
		}
		s.bad(NoOperator, n)
		return
	}
	s.word(rest)
}

// signLength returns the length of the comparison, arrow or = that rest begins with.
func signLength(rest string) int {
	for _, sign := range [...]string{"<->", "->", "<=", ">=", "==", "!="} {
		if strings.HasPrefix(rest, sign) {
			return len(sign)
		}
	}
	if strings.IndexByte("<>=", rest[0]) >= 0 {
		return 1
	}
	return 0
}

func (s *scanner) sign(n int) {
	sign := s.text[s.off : s.off+n]
	s.emit(Sign, n)
	s.head.sign(sign)
}
