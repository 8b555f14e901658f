package repl

import (
	"errors"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/chzyer/readline"
)

// The keys that readline has no rune for travel through it as characters that
// nobody can type, from the end of the last private use area of Unicode.
const (
	keyNone    rune = 0x10ff00 + iota // a key that means nothing
	keyRedraw                         // no key: the screen wants to be drawn again
	keyEscape                         // Escape alone
	keyRubout                         // Delete, which readline takes for Ctrl-D
	keyBackTab                        // Shift-Tab
	keyNewline                        // Alt-Enter
	keyPaste                          // a pasted text: see filter.paste
	keyFirst                          // Alt-<
	keyLast                           // Alt->
	keyUndo                           // Ctrl-_
	keyQuote                          // Ctrl-V
	keyEditor                         // Ctrl-X Ctrl-E
	keyEnd                            // behind the last
)

// isOwn reports whether a character is one that stands for a key.
func isOwn(r rune) bool { return r >= keyNone && r < keyNone+0x100 }

// spelled is how readline wants to read the keys that it decodes itself.
var spelled = map[rune]string{
	readline.CharPrev: "\x1b[A", readline.CharNext: "\x1b[B",
	readline.CharForward: "\x1b[C", readline.CharBackward: "\x1b[D",
	readline.CharLineStart: "\x1b[H", readline.CharLineEnd: "\x1b[F",
	readline.MetaBackward: "\x1bb", readline.MetaForward: "\x1bf",
	readline.MetaDelete: "\x1bd", readline.MetaBackspace: "\x1b\x7f",
}

func spell(key rune) string {
	if s, ok := spelled[key]; ok {
		return s
	}
	return string(key)
}

// The modifiers of xterm, in the second parameter of a sequence, less one.
const (
	shift = 1
	alt   = 2
	ctrl  = 4
)

// key reads one key from the terminal; keyNone for one without a meaning.
func (f *filter) key() (rune, error) {
	var b [1]byte
	if _, err := f.fill(b[:], 0); err != nil {
		return 0, err
	}
	switch c := b[0]; {
	case c == 0x1b:
		return f.escape(0)
	case c == 0x18: // Ctrl-X begins a chord
		if c, _ := f.more(); c == 0x05 {
			return keyEditor, nil
		}
		return keyNone, nil
	case c == 0x16:
		return keyQuote, nil
	case c == 0x1f:
		return keyUndo, nil
	case c == 0:
		return keyNone, nil
	case c < utf8.RuneSelf:
		return rune(c), nil
	default:
		return f.character(c), nil
	}
}

// more is the next byte of a key; 0 when the key ended before it.
func (f *filter) more() (byte, error) {
	var b [1]byte
	_, err := f.fill(b[:], escapeDelay)
	return b[0], err
}

// character reads the rest of a character in UTF-8.
func (f *filter) character(first byte) rune {
	text := []byte{first}
	for !utf8.FullRune(text) {
		c, err := f.more()
		if err != nil {
			return keyNone
		}
		text = append(text, c)
	}
	r, _ := utf8.DecodeRune(text)
	if r == utf8.RuneError || isOwn(r) {
		return keyNone
	}
	return r
}

// escape reads what follows an Escape.
func (f *filter) escape(mods int) (rune, error) {
	c, err := f.more()
	if errors.Is(err, errLate) {
		return keyEscape, nil
	}
	if err != nil {
		return 0, err
	}
	switch c {
	case 0x1b: // Alt, with a key that is a sequence itself
		if mods == 0 {
			return f.escape(alt)
		}
		return keyEscape, nil
	case '[':
		return f.control(mods)
	case 'O':
		c, err := f.more()
		if err != nil {
			return keyNone, nil
		}
		return single(c, mods), nil
	case ']', 'P', '_', '^':
		f.skipText()
		return keyNone, nil
	}
	return meta(c), nil
}

// meta is Alt with a character.
func meta(c byte) rune {
	switch c {
	case 'b', 'B':
		return readline.MetaBackward
	case 'f', 'F':
		return readline.MetaForward
	case 'd', 'D':
		return readline.MetaDelete
	case 0x7f, 0x08:
		return readline.MetaBackspace
	case '\r', '\n':
		return keyNewline
	case readline.CharInterrupt, readline.CharBell: // quick after an Escape
		return rune(c)
	case '<':
		return keyFirst
	case '>':
		return keyLast
	}
	return keyNone
}

// single is a key of the form ESC O x: those of VT100 in application mode, and
// in small letters those of rxvt with Ctrl.
func single(c byte, mods int) rune {
	switch {
	case c >= 'a' && c <= 'd':
		return arrow(c-'a'+'A', ctrl)
	case c == 'M':
		return readline.CharEnter
	case c >= 'j' && c <= 'y': // the keypad
		return rune(c-'j') + '*'
	}
	return arrow(c, mods)
}

// arrow is a key that its last letter names.
func arrow(c byte, mods int) rune {
	word := mods&(alt|ctrl) != 0
	switch c {
	case 'A':
		return readline.CharPrev
	case 'B':
		return readline.CharNext
	case 'C':
		if word {
			return readline.MetaForward
		}
		return readline.CharForward
	case 'D':
		if word {
			return readline.MetaBackward
		}
		return readline.CharBackward
	case 'H':
		return readline.CharLineStart
	case 'F':
		return readline.CharLineEnd
	case 'Z':
		return keyBackTab
	}
	return keyNone
}

// control reads a control sequence, ESC [ parameters letter (ECMA-48, 5.4).
func (f *filter) control(mods int) (rune, error) {
	params := ""
	for {
		c, err := f.more()
		if err != nil {
			return keyNone, nil
		}
		switch {
		case c >= '0' && c <= '?', c >= ' ' && c < '$', c > '$' && c <= '/':
			if len(params) > 64 {
				return keyNone, nil
			}
			params += string(c)
		case c == '[' && params == "": // a function key of the Linux console
			_, _ = f.more()
			return keyNone, nil
		case c == '~' && params == "200":
			return keyPaste, f.readPaste()
		default:
			return sequence(params, c, mods), nil
		}
	}
}

// sequence is the key that a control sequence stands for.
func sequence(params string, last byte, mods int) rune {
	n := numbers(params)
	if len(n) > 1 && n[1] > 0 {
		mods |= n[1] - 1
	}
	switch {
	case last == '~' && n[0] == 27 && len(n) == 3: // xterm's modifyOtherKeys
		return coded(n[2], mods)
	case last == 'u': // kitty's keyboard protocol
		return coded(n[0], mods)
	case last == '~', last == '^', last == '$', last == '@': // the last three are rxvt's Ctrl and Shift
		if last == '^' || last == '@' {
			mods |= ctrl
		}
		return numbered(n[0], mods)
	case last >= 'a' && last <= 'd': // rxvt's Shift
		return arrow(last-'a'+'A', 0)
	case len(n) == 1 && n[0] > 1 && n[0] <= 8: // older xterms: ESC [ 5 C
		mods |= n[0] - 1
	}
	return arrow(last, mods)
}

// numbers reads parameters; there is always one.
func numbers(params string) []int {
	var out []int
	for p := range strings.SplitSeq(params, ";") {
		p, _, _ = strings.Cut(p, ":")
		n, _ := strconv.Atoi(p)
		out = append(out, n)
	}
	return out
}

// numbered is a key of the form ESC [ n ~. Home and End are 1 and 4 on the
// Linux console and in tmux, 7 and 8 in rxvt.
func numbered(n, mods int) rune {
	switch n {
	case 1, 7:
		return readline.CharLineStart
	case 4, 8:
		return readline.CharLineEnd
	case 3:
		if mods&(alt|ctrl) != 0 {
			return readline.MetaDelete
		}
		return keyRubout
	}
	return keyNone
}

// coded is a key by the number of its character.
func coded(code, mods int) rune {
	switch {
	case code == '\r' && mods != 0:
		return keyNewline
	case code == '\t' && mods&shift != 0:
		return keyBackTab
	case code == 0x1b:
		return keyEscape
	case code == 0x7f && mods&(alt|ctrl) != 0:
		return readline.MetaBackspace
	case mods&ctrl != 0 && code >= 'a' && code <= 'z':
		return rune(code - 'a' + 1)
	case mods&alt != 0 && code < utf8.RuneSelf:
		return meta(byte(code))
	case mods&^shift == 0 && code > 0 && code < utf8.MaxRune && !isOwn(rune(code)):
		return rune(code)
	}
	return keyNone
}

// skipText passes over an answer of the terminal that ends with BEL or ST.
func (f *filter) skipText() {
	last := byte(0)
	for range 4096 {
		c, err := f.more()
		if err != nil || c == 0x07 || (last == 0x1b && c == '\\') {
			return
		}
		last = c
	}
}

// pasteEnd ends a pasted text in bracketed paste mode.
const pasteEnd = "\x1b[201~"

// pasteLimit is the longest text that may be pasted, in bytes; the rest is
// dropped.
const pasteLimit = 4 << 20

// readPaste reads a pasted text. It never reads more at once than is missing of
// the end, so that what is typed behind it stays where it is.
func (f *filter) readPaste() error {
	var text []byte
	var chunk [len(pasteEnd)]byte
	tail := ""
	for {
		n, err := f.fill(chunk[:len(pasteEnd)-matched(tail)], 0)
		if errors.Is(err, errWoken) {
			continue // the screen is drawn after the key in any case
		}
		if err != nil {
			return err
		}
		tail += string(chunk[:n])
		if strings.HasSuffix(tail, pasteEnd) {
			text = append(text, tail[:len(tail)-len(pasteEnd)]...)
			break
		}
		keep := matched(tail)
		if len(text) < pasteLimit {
			text = append(text, tail[:len(tail)-keep]...)
		}
		tail = tail[len(tail)-keep:]
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pasted = append(f.pasted, string(text))
	return nil
}

// matched is how much of pasteEnd a text ends with.
func matched(text string) int {
	for n := min(len(text), len(pasteEnd)); n > 0; n-- {
		if strings.HasSuffix(text, pasteEnd[:n]) {
			return n
		}
	}
	return 0
}
