package repl

import (
	"strings"
	"unicode"

	"github.com/chzyer/readline"
)

// A block is the text of an entry while it is edited. The line that the cursor
// is in is in readline's hands; what goes beyond a line is done here.
type block struct {
	line         *readline.RuneBuffer
	above, below []string
}

func newBlock(cfg *readline.Config) *block {
	return &block{line: readline.NewRuneBuffer(nil, "", cfg, 80)}
}

func (b *block) text() string {
	lines := append(append([]string{}, b.above...), string(b.line.Runes()))
	return strings.Join(append(lines, b.below...), "\n")
}

// cursor is where the cursor is in the text, in bytes.
func (b *block) cursor() int {
	n := 0
	for _, l := range b.above {
		n += len(l) + 1
	}
	return n + len(b.left())
}

// left is the part of the line before the cursor.
func (b *block) left() string { return string(b.line.Runes()[:b.line.Pos()]) }

// right is the part of the line behind the cursor.
func (b *block) right() string { return string(b.line.Runes()[b.line.Pos():]) }

func (b *block) empty() bool { return len(b.above)+len(b.below)+b.line.Len() == 0 }

// atEnd reports whether the cursor is behind the text.
func (b *block) atEnd() bool { return len(b.below) == 0 && b.line.IsCursorInEnd() }

// set replaces the text and puts the cursor at a byte of it.
func (b *block) set(text string, cursor int) {
	cursor = min(max(cursor, 0), len(text))
	lines := strings.Split(text, "\n")
	row := strings.Count(text[:cursor], "\n")
	at := cursor - (strings.LastIndexByte(text[:cursor], '\n') + 1)
	b.above, b.below = lines[:row:row], lines[row+1:]
	line := []rune(lines[row])
	b.line.SetWithIdx(len([]rune(lines[row][:at])), line)
}

// insert puts text at the cursor, which goes behind it.
func (b *block) insert(text string) {
	if !strings.Contains(text, "\n") {
		if text != "" {
			b.line.WriteString(text)
		}
		return
	}
	all, at := b.text(), b.cursor()
	b.set(all[:at]+text+all[at:], at+len(text))
}

// cut removes the text from start to end, in bytes.
func (b *block) cut(start, end int) {
	all := b.text()
	b.set(all[:start]+all[end:], start)
}

// backward and forward move by a character, and from line to line.
func (b *block) backward() bool {
	if b.line.Pos() > 0 {
		b.line.MoveBackward()
		return true
	}
	return b.toRow(len(b.above)-1, 1<<30)
}

func (b *block) forward() bool {
	if !b.line.IsCursorInEnd() {
		b.line.MoveForward()
		return true
	}
	return b.toRow(len(b.above)+1, 0)
}

func (b *block) wordBackward() bool {
	if b.line.Pos() == 0 {
		return b.backward()
	}
	return b.line.MoveToPrevWord()
}

func (b *block) wordForward() {
	if b.line.IsCursorInEnd() {
		b.forward()
		return
	}
	b.line.MoveToNextWord()
}

// toRow goes to a column of another line; false when there is no such line.
func (b *block) toRow(row, col int) bool {
	lines := strings.Split(b.text(), "\n")
	if row < 0 || row >= len(lines) {
		return false
	}
	b.above, b.below = lines[:row:row], lines[row+1:]
	line := []rune(lines[row])
	b.line.SetWithIdx(min(col, len(line)), line)
	return true
}

func (b *block) up() bool   { return b.toRow(len(b.above)-1, b.line.Pos()) }
func (b *block) down() bool { return b.toRow(len(b.above)+1, b.line.Pos()) }

// backspace removes the character before the cursor, or joins two lines.
func (b *block) backspace() bool {
	if b.line.Pos() > 0 {
		b.line.Backspace()
		return true
	}
	at := b.cursor()
	if at == 0 {
		return false
	}
	b.cut(at-1, at)
	return true
}

// rubout removes the character at the cursor, or joins two lines.
func (b *block) rubout() bool {
	if !b.line.IsCursorInEnd() {
		return b.line.Delete()
	}
	if len(b.below) == 0 {
		return false
	}
	at := b.cursor()
	b.cut(at, at+1)
	return true
}

// killWord removes the word before the cursor. What separates words is asked
// of gap.
func (b *block) killWord(gap func(rune) bool) bool {
	if b.line.Pos() == 0 {
		return b.backspace()
	}
	left, right := []rune(b.left()), b.right()
	i := len(left)
	for i > 0 && gap(left[i-1]) {
		i--
	}
	for i > 0 && !gap(left[i-1]) {
		i--
	}
	// readline keeps what Kill takes for Yank. Its own BackEscapeWord removes
	// the whole line when the cursor is in the first word.
	b.line.SetWithIdx(i, left)
	b.line.Kill()
	b.line.WriteString(right)
	b.line.SetWithIdx(i, b.line.Runes())
	return true
}

// kill removes the rest of the line, or joins two lines.
func (b *block) kill() bool {
	if b.line.IsCursorInEnd() {
		return b.rubout()
	}
	b.line.Kill()
	return true
}

// indent is the blank that the line begins with.
func (b *block) indent() string {
	line := string(b.line.Runes())
	return line[:len(line)-len(strings.TrimLeftFunc(line, unicode.IsSpace))]
}
