package diag

import (
	"io"
	"slices"
	"strconv"
	"strings"

	"vnet/lang/name"
	"vnet/lang/token"
)

// Sources gives the text of a script or module by the name that positions in
// it bear.
type Sources func(name string) (text string, ok bool)

// Source is the Sources of one script.
func Source(name, text string) Sources {
	return func(n string) (string, bool) { return text, n == name }
}

// A Style says for whom a text is written. The zero Style is right for files
// and pipes.
type Style struct {
	Width int  // columns of the terminal; 0: 80
	Color bool // ANSI colours
	ASCII bool // no line drawing, for locales that are not UTF-8
}

func (s Style) width() int {
	if s.Width <= 0 {
		return 80
	}
	return max(s.Width, 20)
}

// maxOutput is how many lines of a program's output a message repeats.
const maxOutput = 10

// Text writes the list as people read it: what, where with the source line and
// a caret, and what to write instead. Source text is cut to the width of the
// style, 80 columns for none; sentences are broken between words, and only for
// a terminal.
func (l List) Text(w io.Writer, sources Sources, style Style) error {
	var b strings.Builder
	lines := linesOf(sources)
	for i, d := range l {
		if i > 0 {
			b.WriteByte('\n')
		}
		p := printer{Builder: &b, style: style, marks: marksOf(style)}
		p.diagnostic(d, lines)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// A printer writes one diagnostic.
type printer struct {
	*strings.Builder
	style  Style
	marks  drawing
	gutter int // digits of the highest line number
}

func (p *printer) diagnostic(d *Diagnostic, lines func(file string) []string) {
	loud := red
	if d.Severity == Warning {
		loud = yellow
	}
	head := d.Severity.String() + "[" + string(d.Code) + "]"
	p.paint(loud, head)
	p.prose(bold, ": "+name.Quote(d.Summary), len(head), 2)

	frames := framesOf(d, lines, loud)
	p.gutter = 1
	for _, f := range frames {
		p.gutter = max(p.gutter, len(strconv.Itoa(f.last())))
	}
	for _, f := range frames {
		p.frame(f)
	}
	p.remark("kernel", d.Kernel)
	for _, in := range d.Inside {
		p.remark("inside", in)
	}
	p.output(d.Output)
	for _, h := range d.Help {
		p.paint(green, "help: ")
		p.lines(h, len("help: "))
	}
}

// remark writes a line below the frames:  = kernel: file exists (EEXIST)
func (p *printer) remark(what, text string) {
	if text == "" {
		return
	}
	p.pad(p.gutter + 1)
	p.paint(blue, "= ")
	p.WriteString(what + ": ")
	p.lines(text, p.gutter+5+len(what))
}

// output writes the end of what a program printed.
func (p *printer) output(text string) {
	text = strings.TrimRight(text, "\n \t\r")
	if text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	left := max(0, len(lines)-maxOutput)
	if left == 1 {
		left = 0
	}
	p.pad(p.gutter + 1)
	p.paint(blue, "= ")
	p.WriteString("output:")
	if left > 0 {
		p.WriteString(" " + p.marks.more + " the last " + strconv.Itoa(maxOutput) + " of " + strconv.Itoa(len(lines)) + " lines")
	}
	p.WriteByte('\n')
	for _, line := range lines[left:] {
		p.pad(p.gutter + 3)
		p.WriteString(Line(line) + "\n")
	}
}

// lines writes text that may have several lines, all but the first indented.
// Lines that begin with a space are for copying and never broken.
func (p *printer) lines(text string, indent int) {
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if i > 0 {
			p.pad(indent)
		}
		if strings.HasPrefix(line, " ") {
			p.WriteString(Line(line) + "\n")
			continue
		}
		p.prose(plain, Line(line), indent, indent)
	}
}

// prose ends a line with a text, from column at; what does not fit goes on
// further lines, indented.
func (p *printer) prose(c color, text string, at, indent int) {
	if p.style.Width <= 0 {
		p.paint(c, text)
		p.WriteByte('\n')
		return
	}
	for i, line := range Wrap(text, p.style.width()-at, p.style.width()-indent) {
		if i > 0 {
			p.pad(indent)
		}
		p.paint(c, line)
		p.WriteByte('\n')
	}
}

// Line makes one line of foreign text safe to print on a terminal. Tabs become
// spaces, since they harm nobody.
func Line(s string) string {
	return name.Quote(strings.ReplaceAll(strings.TrimSuffix(s, "\r"), "\t", "    "))
}

func (p *printer) pad(n int) { p.WriteString(strings.Repeat(" ", n)) }

// A frame is what a diagnostic shows of one file.
type frame struct {
	at    token.Pos // what the head line names
	text  []string  // the lines of the file; nil when there is no source
	marks []mark    // sorted by line and column
}

// A mark underlines a stretch of one line.
type mark struct {
	token.Span
	text  string
	line  byte // what it is drawn with: ^ or -
	color color
}

func (f frame) last() int {
	if f.text == nil {
		return 0
	}
	return f.marks[len(f.marks)-1].Pos.Line
}

// framesOf sorts the places of a diagnostic by file, its own file first.
func framesOf(d *Diagnostic, lines func(file string) []string, loud color) []frame {
	if !d.Span.Known() && len(d.Notes) == 0 {
		return nil
	}
	var frames []frame
	add := func(m mark) {
		if !m.Known() {
			return
		}
		i := slices.IndexFunc(frames, func(f frame) bool { return f.at.Filename == m.Pos.Filename })
		if i < 0 {
			i = len(frames)
			frames = append(frames, frame{at: m.Pos, text: lines(m.Pos.Filename)})
		}
		frames[i].marks = append(frames[i].marks, m)
	}
	add(mark{d.Span, d.Label, '^', loud})
	for _, n := range d.Notes {
		add(mark{n.Span, n.Text, '-', blue})
	}
	for i := range frames {
		frames[i].sort()
	}
	return frames
}

// sort puts the marks in the order of the text. A frame with a place beyond
// its text (the file changed, or was never there) is shown without source.
func (f *frame) sort() {
	slices.SortStableFunc(f.marks, func(a, b mark) int {
		if a.Pos.Line != b.Pos.Line {
			return a.Pos.Line - b.Pos.Line
		}
		return a.Pos.Column - b.Pos.Column
	})
	if f.marks[len(f.marks)-1].Pos.Line > len(f.text) {
		f.text = nil
	}
}

// linesOf gives the lines of a file; each is read and cut up once.
func linesOf(sources Sources) func(file string) []string {
	known := map[string][]string{}
	return func(file string) []string {
		lines, seen := known[file]
		if seen || sources == nil {
			return lines
		}
		if text, ok := sources(file); ok {
			text = strings.TrimPrefix(text, "\ufeff") // no column is counted for it
			lines = strings.Split(text, "\n")
		}
		known[file] = lines
		return lines
	}
}
