package repl

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/chzyer/readline"
)

// A wish is what a key asks of the terminal.
type wish int

const (
	wishNothing wish = iota
	wishBell
	wishSubmit
	wishDrop
	wishEnd
	wishSuspend
	wishClear
	wishEditor
)

// An entry is one while it is typed: what the keys do, and no terminal.
type entry struct {
	block     *block
	assistant Assistant
	complete  func(string) bool
	paste     func() string // takes the next pasted text

	menu   *menu
	search *search
	quoted bool // the next key stands for itself

	past        []string // the history, oldest first
	at          int      // the one in the text
	recalling   bool     // the last key went through the history
	draft       string   // what was typed before
	prefix      string   // what entries have to begin with
	lastPattern string

	undo   []state
	typing bool // the last change was a character typed

	top int // the first row shown of a text that is higher than the screen
}

// A state is what undo goes back to.
type state struct {
	text   string
	cursor int
}

// press does what a key does.
func (e *entry) press(key rune) wish {
	before := state{e.block.text(), e.block.cursor()}
	if key == keyUndo {
		return e.goBack()
	}
	w := e.dispatch(key)
	if after := e.block.text(); after != before.text {
		word := key > ' ' && !isOwn(key)
		if !(word && e.typing) {
			e.undo = append(e.undo, before)
		}
		e.typing = word
	} else if e.block.cursor() != before.cursor {
		e.typing = false
	}
	return w
}

// goBack undoes the last change.
func (e *entry) goBack() wish {
	e.menu, e.search, e.typing = nil, nil, false
	n := len(e.undo)
	if n == 0 {
		return wishBell
	}
	e.block.set(e.undo[n-1].text, e.undo[n-1].cursor)
	e.undo = e.undo[:n-1]
	return wishNothing
}

// dispatch finds who deals with a key.
func (e *entry) dispatch(key rune) wish {
	if key == keyRedraw {
		return wishNothing
	}
	if e.quoted {
		e.quoted = false
		if key >= ' ' && !isOwn(key) && key != readline.CharBackspace || key == '\t' {
			e.block.insert(string(key))
			return wishNothing
		}
	}
	if e.search != nil && e.searchKey(key) {
		return wishNothing
	}
	if e.menu != nil {
		if w, done := e.menuKey(key); done {
			return w
		}
	}
	recalling := e.recalling
	switch key {
	case readline.CharPrev:
		return ring(!recalling && e.block.up() || e.back())
	case readline.CharNext:
		return ring(!recalling && e.block.down() || e.newer())
	}
	e.recalling = false
	return e.command(key)
}

// back goes to the next older entry.
func (e *entry) back() bool {
	ok := e.older()
	e.recalling = e.recalling || ok
	return ok
}

// menuKey deals with a key while a menu is open; any other key closes it.
func (e *entry) menuKey(key rune) (wish, bool) {
	m := e.menu
	switch {
	case key == readline.CharTab && !m.told, key == keyBackTab && !m.told:
		e.tab(key == keyBackTab)
		return wishNothing, true
	case key == '?' && m.told:
		e.tell()
		return wishNothing, true
	case m.sel >= 0 && (key == readline.CharNext || key == readline.CharPrev):
		e.tab(key == readline.CharPrev)
		return wishNothing, true
	}
	e.menu = nil
	switch {
	case key == keyEscape, key == readline.CharBell, key == readline.CharInterrupt && m.sel >= 0:
		e.block.set(m.text, m.cursor)
		return wishNothing, true
	case m.sel >= 0 && (key == readline.CharEnter || key == readline.CharCtrlJ):
		e.replace(m.text, m.list[m.sel], e.gapAfter(m.text, m.list[m.sel]))
		return wishNothing, true
	}
	return wishNothing, false
}

// ring is the answer to a key that did something or could not.
func ring(done bool) wish {
	if done {
		return wishNothing
	}
	return wishBell
}

// command does what a key does by itself.
func (e *entry) command(key rune) wish {
	switch key {
	case readline.CharEnter, readline.CharCtrlJ:
		return e.enter()
	case readline.CharInterrupt:
		return wishDrop
	case readline.CharDelete: // Ctrl-D
		if e.block.empty() {
			return wishEnd
		}
		return ring(e.block.rubout())
	case readline.CharCtrlZ:
		return wishSuspend
	case readline.CharCtrlL:
		return wishClear
	case keyEditor:
		return wishEditor
	case readline.CharTab:
		return ring(e.tab(false))
	case readline.CharBckSearch, readline.CharFwdSearch:
		e.seek(0)
	case keyNewline:
		e.newline()
	case keyQuote:
		e.quoted = true
	case keyPaste:
		e.block.insert(clean(e.paste()))
	case '?':
		if !e.tell() {
			e.block.insert("?")
		}
	case '}':
		e.dedent()
		e.block.insert("}")
	default:
		if w, done := e.move(key); done {
			return w
		}
		if w, done := e.erase(key); done {
			return w
		}
		if key < ' ' || isOwn(key) {
			return wishNothing
		}
		e.block.insert(string(key))
	}
	return wishNothing
}

// move does what a key does that moves the cursor. At the end of the text,
// those that go on take what is suggested.
func (e *entry) move(key rune) (w wish, done bool) {
	line := e.block.line
	switch key {
	case readline.CharForward:
		return ring(e.take(false) || e.block.forward()), true
	case readline.CharBackward:
		return ring(e.block.backward()), true
	case readline.MetaForward:
		if !e.take(true) {
			e.block.wordForward()
		}
	case readline.MetaBackward:
		e.block.wordBackward()
	case readline.CharLineStart:
		line.MoveToLineStart()
	case readline.CharLineEnd:
		if !e.take(false) {
			line.MoveToLineEnd()
		}
	case keyFirst:
		e.block.set(e.block.text(), 0)
	case keyLast:
		text := e.block.text()
		e.block.set(text, len(text))
	default:
		return wishNothing, false
	}
	return wishNothing, true
}

// erase does what a key does that removes or moves text.
func (e *entry) erase(key rune) (w wish, done bool) {
	line := e.block.line
	switch key {
	case readline.CharBackspace, readline.CharCtrlH:
		return ring(e.block.backspace()), true
	case keyRubout:
		return ring(e.block.rubout()), true
	case readline.CharCtrlW:
		return ring(e.block.killWord(unicode.IsSpace)), true
	case readline.MetaBackspace:
		return ring(e.block.killWord(readline.IsWordBreak)), true
	case readline.MetaDelete:
		line.DeleteWord()
	case readline.CharCtrlU:
		line.KillFront()
	case readline.CharKill:
		return ring(e.block.kill()), true
	case readline.CharCtrlY:
		line.Yank()
	case readline.CharTranspose:
		line.Transpose()
	default:
		return wishNothing, false
	}
	return wishNothing, true
}

// ghost is what is suggested behind the text, "" for nothing.
func (e *entry) ghost() string {
	if e.menu != nil || e.search != nil || e.block.empty() || !e.block.atEnd() {
		return ""
	}
	return plain(e.assistant.Ghost(e.block.text(), e.past))
}

// take enters what is suggested, or its first word.
func (e *entry) take(word bool) bool {
	ghost := e.ghost()
	if ghost == "" {
		return false
	}
	if word {
		i := strings.IndexFunc(ghost, func(r rune) bool { return !unicode.IsSpace(r) })
		if n := strings.IndexFunc(ghost[max(i, 0):], unicode.IsSpace); n >= 0 {
			ghost = ghost[:max(i, 0)+n]
		}
	}
	e.block.insert(ghost)
	return true
}

// enter submits an entry that is whole, and begins a new line in one that is
// not.
func (e *entry) enter() wish {
	if text := e.block.text(); strings.TrimSpace(text) == "" || e.complete(text+"\n") {
		return wishSubmit
	}
	e.newline()
	return wishNothing
}

// step is how far the lines of a block stand in.
const step = "  "

// newline breaks the line, and indents the new one like this one or, behind a
// bracket, further.
func (e *entry) newline() {
	indent := e.block.indent()
	left, right := e.block.left(), e.block.right()
	if len(indent) > len(left) {
		indent = left
	}
	if strings.ContainsRune("{([", lastRune(strings.TrimSpace(left))) {
		indent += step
	}
	if strings.HasPrefix(right, "}") {
		indent = strings.TrimSuffix(indent, step)
	}
	e.block.insert("\n" + indent)
}

// dedent moves a line that begins with } back.
func (e *entry) dedent() {
	left := e.block.left()
	if len(e.block.above) > 0 && strings.TrimSpace(left) == "" && strings.HasSuffix(left, step) {
		at := e.block.cursor()
		e.block.cut(at-len(step), at)
	}
}

// lastSize is the last character of a text and its length.
func lastSize(s string) (rune, int) { return utf8.DecodeLastRuneInString(s) }
