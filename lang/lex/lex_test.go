package lex

import (
	"fmt"
	"strings"
	"testing"
)

func dump(text string) string {
	var b strings.Builder
	s := Script("", text)
	for i := range s.Tokens {
		t := &s.Tokens[i]
		name := map[int]string{int(EOF): "", int(Newline): "N", int(Word): "W", int(String): "S", int(Sign): "G", int(Comment): "C"}[int(t.Type)]
		if p := ProblemOf(t); p != 0 {
			name = fmt.Sprintf("bad%d", p)
		}
		if name != "" {
			fmt.Fprintf(&b, "%s%q ", name, t.Value)
		}
	}
	return strings.TrimSpace(b.String())
}

func TestScript(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"veth a:x<->b", `W"veth" W"a:x" G"<->" W"b"`},
		{"a->b c-d", `W"a" G"->" W"b" W"c-d"`},
		{"a <->\n b", `W"a" G"<->" W"b"`},
		{"a \\\n b\r\nc", `W"a" W"b" N"\r\n" W"c"`},
		{"x # hi\nhttp://x/#a", `W"x" C"# hi" N"\n" W"http://x/#a"`},
		{"let x = $a +\n 1", `W"let" W"x" G"=" W"$a" W"+" W"1"`},
		{"echo -\nx", `W"echo" W"-" N"\n" W"x"`},
		{"[a\nb]", `G"[" W"a" W"b" G"]"`},
		{"x $l[1].a[$i] $a:$b ${f(\"}\")}x", `W"x" W"$l[1].a[$i]" W"$a:$b" W"${f(\"}\")}x"`},
		{`exec in a ls [a,b] k=v --n="a b"'c' {} !`, `W"exec" W"in" W"a" W"ls" W"[a,b]" W"k=v" W"--n=\"a b\"'c'" W"{}" W"!"`},
		{"exec ls |\nx", `W"exec" W"ls" bad14"|" N"\n" W"x"`},
		{"in a b exec x=1\ny=1", `W"in" W"a" W"b" W"exec" W"x=1" N"\n" W"y" G"=" W"1"`},
		{"in a echo exec x=1", `W"in" W"a" W"echo" W"exec" W"x" G"=" W"1"`},
		{"try on rollback defer exec x=1", `W"try" W"on" W"rollback" W"defer" W"exec" W"x=1"`},
		{"expect no exec x=1; wait until exec y=2", `W"expect" W"no" W"exec" W"x=1" N";" W"wait" W"until" W"exec" W"y=2"`},
		{"let p = spawn x=1", `W"let" W"p" G"=" W"spawn" W"x=1"`},
		{"let a, b = exec x=1", `W"let" W"a" G"," W"b" G"=" W"exec" W"x=1"`},
		{"exec in a {\n a=1\n b='x y'\n}\nc=1", `W"exec" W"in" W"a" G"{" N"\n" W"a=1" N"\n" W"b='x y'" N"\n" G"}" N"\n" W"c" G"=" W"1"`},
		{"in a { exec x=1 } y=1", `W"in" W"a" G"{" W"exec" W"x=1" G"}" W"y" G"=" W"1"`},
		{"exec sh '''a\n b'''\nx", `W"exec" W"sh" S"'''a\n b'''" N"\n" W"x"`},
		{`a"b"`, `W"a" bad12"\"b\""`},
		{`echo "abc` + "\nx", `W"echo" bad7"\"abc" N"\n" W"x"`},
		{`echo “x” y`, `W"echo" bad3"“x”" W"y"`},
		{"a – b\u00a0c", `W"a" bad4"–" W"b" bad5"\u00a0" W"c"`},
		{"a \x00\x01 \xff\xfe", `W"a" bad1"\x00\x01" bad2"\xff\xfe"`},
		{"\ufeffns a", `W"ns" W"a"`},
		{"echo ${x", `W"echo" bad10"${x"`},
		{"a ) b", `W"a" bad16")" W"b"`},
		{"a && b ! c", `W"a" bad13"&&" W"b" bad13"!" W"c"`},
	} {
		if got := dump(c.text); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}

func TestPieces(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`h$i:eth0`, `"h" $i ":eth0"`},
		{`$r.out`, `$r.out`},
		{`x$r.out`, `"x" $r ".out"`},
		{`${name}.lan`, `${name} ".lan"`},
		{`"a\n\u{e9}\$$$ $x.y"`, `"a\né$$ " $x ".y"`},
		{`'$x\n'`, `"$x\\n"`},
		{"'''\n  a\n    b\n  '''", `"a\n  b\n"`},
		{"'''a\n  b\n   c'''", `"a\nb\n c"`},
		{"\"\"\"\n\ta\n\n\t$x\n\"\"\"", `"a\n\n" $x "\n"`},
		{"'''\n  a\n\n  b'''", `"a\n\nb"`},
		{`"a\qb"`, `"a" !8@3-5 "b"`},
		{`"a$ b"`, `"a" !9@3-4 " b"`},
	} {
		s := Script("", c.text)
		var b []string
		for _, p := range Pieces(&s.Tokens[0]) {
			switch {
			case p.Problem != 0:
				b = append(b, fmt.Sprintf("!%d@%d-%d", p.Problem, p.Span.Pos.Column, p.Span.End.Column))
			case p.Var:
				b = append(b, "$"+p.Source)
			case p.Expr:
				b = append(b, "${"+p.Source+"}")
			default:
				b = append(b, fmt.Sprintf("%q", p.Text))
			}
		}
		if got := strings.Join(b, " "); got != c.want {
			t.Errorf("%q\n got %s\nwant %s", c.text, got, c.want)
		}
	}
}
