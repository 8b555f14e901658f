package diag

// A color is an ANSI "select graphic rendition" parameter. The basic eight are
// used, since they follow the palette of the user's terminal.
type color string

const (
	plain  color = ""
	bold   color = "1"
	red    color = "1;31"
	green  color = "1;32"
	yellow color = "1;33"
	blue   color = "1;34"
)

// paint writes text in a colour where colours are wanted.
func (p *printer) paint(c color, text string) {
	if !p.style.Color || text == "" || c == plain {
		p.WriteString(text)
		return
	}
	p.WriteString("\x1b[" + string(c) + "m" + text + "\x1b[0m")
}

// A drawing is the set of characters a frame is drawn with.
type drawing struct {
	corner string // before the place
	bar    string // between line number and text
	gap    string // in place of lines left out
	more   string // in place of text left out
}

func marksOf(s Style) drawing {
	if s.ASCII {
		return drawing{corner: "-->", bar: "|", gap: ".", more: "..."}
	}
	return drawing{corner: "┌─", bar: "│", gap: "·", more: "…"}
}
