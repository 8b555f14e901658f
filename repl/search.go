package repl

import (
	"strings"
	"unicode"

	"github.com/chzyer/readline"
)

// A search looks through the history for a text, incrementally.
type search struct {
	pattern string
	at      int // the entry shown; len(history) for the text that was typed
	failing bool
	text    string // what was typed, and the cursor in it
	cursor  int
}

// seek begins a search, or goes on to the next older or newer match.
func (e *entry) seek(step int) {
	if e.search == nil {
		e.search = &search{at: len(e.past), text: e.block.text(), cursor: e.block.cursor()}
		return
	}
	if e.search.pattern == "" {
		e.search.pattern = e.lastPattern
	}
	e.find(e.search.at+step, step)
}

// find shows the first entry from at on that has the pattern.
func (e *entry) find(at, step int) {
	s := e.search
	s.failing = s.pattern != ""
	if !s.failing {
		return
	}
	for ; at >= 0 && at < len(e.past); at += step {
		if i := indexFold(e.past[at], s.pattern); i >= 0 {
			s.at, s.failing = at, false
			e.block.set(e.past[at], i)
			return
		}
	}
}

// indexFold finds a pattern; small letters match large ones, too.
func indexFold(text, pattern string) int {
	if i := strings.Index(text, pattern); i >= 0 || strings.ContainsFunc(pattern, unicode.IsUpper) {
		return i
	}
	if low := strings.ToLower(text); len(low) == len(text) {
		return strings.Index(low, pattern)
	}
	return -1
}

// searchKey deals with a key while a search goes on; false when the key ends
// it and is to be dealt with as usual.
func (e *entry) searchKey(key rune) bool {
	s := e.search
	switch {
	case key == readline.CharBckSearch:
		e.seek(-1)
	case key == readline.CharFwdSearch:
		e.seek(1)
	case key == readline.CharBackspace || key == readline.CharCtrlH:
		if _, n := lastSize(s.pattern); n > 0 {
			s.pattern = s.pattern[:len(s.pattern)-n]
			e.find(len(e.past)-1, -1)
		}
	case key == readline.CharBell || key == readline.CharInterrupt:
		e.block.set(s.text, s.cursor)
		e.search = nil
	case key == keyEscape:
		e.endSearch()
	case key == keyPaste:
		s.pattern += strings.TrimSpace(clean(e.paste()))
		e.find(min(s.at, len(e.past)-1), -1)
	case key >= ' ' && !isOwn(key):
		s.pattern += string(key)
		e.find(min(s.at, len(e.past)-1), -1)
	default:
		e.endSearch()
		return false
	}
	return true
}

// endSearch keeps what was found.
func (e *entry) endSearch() {
	if s := e.search; s.at < len(e.past) {
		e.at, e.recalling = s.at, true
		if s.pattern != "" {
			e.lastPattern = s.pattern
		}
	}
	e.search = nil
}

// status is the line that shows the search.
func (s *search) status() []span {
	word := "search: "
	if s.failing {
		word = "no match: "
	}
	return []span{{word, "2"}, {shown(s.pattern), ""}}
}

// older and newer go through the history, along the entries that begin with
// what was typed when there are any.
func (e *entry) older() bool {
	if !e.recalling {
		e.at, e.draft = len(e.past), e.block.text()
		e.prefix = e.draft
	}
	if e.recall(-1) {
		return true
	}
	if !e.recalling && e.prefix != "" {
		e.prefix = ""
		return e.recall(-1)
	}
	return false
}

func (e *entry) newer() bool { return e.recalling && e.recall(1) }

// recall goes on to the next entry in a direction.
func (e *entry) recall(step int) bool {
	now := e.block.text()
	for i := e.at + step; i >= 0 && i <= len(e.past); i += step {
		text := e.draft
		if i < len(e.past) {
			text = e.past[i]
			if text == now || !strings.HasPrefix(text, e.prefix) {
				continue
			}
		}
		e.at = i
		e.block.set(text, len(text))
		return true
	}
	return false
}
