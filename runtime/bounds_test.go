package runtime_test

import (
	"strings"
	"testing"

	"vnet/lang/diag"
)

// What grows, nests or goes on without end is stopped, and said.
func TestBounds(t *testing.T) {
	many := strings.Repeat
	doubling := func(first, next string) string {
		return "let s = " + first + "\nfor i in 1..100 { set s = " + next + " }\n"
	}
	for name, c := range map[string]struct {
		text string
		code diag.Code // none: the script is valid
	}{
		"empty":               {"", ""},
		"comments":            {"# a\n\n  # b", ""},
		"separators":          {";;\n;", ""},
		"long line":           {"echo " + many("a", 1<<20), ""},
		"long name":           {"ns " + many("a", 1<<20), diag.LongName},
		"parentheses":         {"let x = " + many("(", 5000) + "1" + many(")", 5000), diag.DeepNesting},
		"open parentheses":    {"let x = " + many("(", 5000), diag.DeepNesting},
		"closing parentheses": {"let x = 1" + many(")", 5000), diag.StrayBracket},
		"lists":               {"let x = " + many("[", 5000) + many("]", 5000), diag.DeepNesting},
		"maps":                {"let x = " + many("{a: ", 5000) + "1" + many("}", 5000), diag.DeepNesting},
		"variables":           {"echo " + many("${", 5000) + "1" + many("}", 5000), diag.DeepNesting},
		"texts":               {"echo " + many(`"${`, 5000) + "1" + many(`}"`, 5000), diag.DeepNesting},
		"calls":               {"let x = " + many("len(", 5000) + "1" + many(")", 5000), diag.DeepNesting},
		"not":                 {"let x = " + many("not ", 5000) + "true", diag.DeepNesting},
		"blocks":              {many("if true {\n", 5000) + many("}\n", 5000), diag.DeepNesting},
		"in":                  {many("in host ", 5000) + "echo a", diag.DeepNesting},
		"else if":             {"if false { }" + many(" else if false { }", 5000), diag.DeepNesting},
		"sum":                 {"let x = 1" + many(" + 1", 20000), ""},
		"statements":          {many("echo a\n", 20000), ""},
		"mistakes":            {many("echo $a\n", 5000), diag.UnknownVariable},
		"range":               {"let x = [1..1000000000]", diag.LongRange},
		"range in for":        {"for x in 1..1000000000 { }", diag.LongRange},
		"pool":                {"let x = [0]\nfor x in subnets(fd00::/8, 128) { }", diag.LongRange},
		"text in text":        {doubling(`"ab"`, `"$s$s"`), diag.LongRange},
		"text and text":       {doubling(`"ab"`, `$s + $s`), diag.LongRange},
		"list in list":        {"let s = [1..600000]\nset s = [$s $s]", diag.LongRange},
		"list and list":       {doubling(`[1]`, `$s + $s`), diag.LongRange},
		"replace":             {doubling(`"aaaa"`, `replace($s, "a", $s)`), diag.LongRange},
		"join":                {"let l = [1..1000]\nlet s = join($l, join([1..9999], join($l, $l[0])))", diag.LongRange},
		"product":             {"let x = product([1..2000], [1..2000])", diag.LongRange},
		"map of maps":         {doubling(`{}`, `{a: $s, b: $s}`) + "echo ${len(str($s))}", diag.LongRange},
		"recursion":           {"def f(n) { return f($n + 1) }\nlet x = f(1)", diag.TooDeep},
		"double recursion":    {"def f(n) { return f($n) + f($n) }\nlet x = f(1)", diag.TooDeep},
		"mutual recursion":    {"def f() { g }\ndef g() {\n  f\n  f\n}\nf", diag.TooDeep},
		"while":               {"while true { }", diag.Endless},
		"while and wait":      {"while true { wait 1s }\necho never", diag.Endless},
		"nested for":          {"for a in 1..9999 { for b in 1..9999 { } }", diag.Endless},
		"device as module":    {"import /dev/zero.vnet", diag.MissingModule},
		"device as file":      {`let x = file("/dev/zero")`, diag.FunctionFailed},
		"folder as file":      {`let x = file("/")`, diag.FunctionFailed},
		"large regexp":        {`if "a" ~ "` + many("(", 5000) + many(")", 5000) + `" { }`, diag.BadRegexp},
	} {
		t.Run(strings.ReplaceAll(name, " ", "-"), func(t *testing.T) {
			found := check(t, "b.vnet", c.text)
			switch {
			case c.code == "" && len(found) > 0:
				t.Error(found[0])
			case c.code != "" && (len(found) == 0 || found[0].Code != c.code):
				t.Errorf("want %s, got %d: %.200s", c.code, len(found), found.Error())
			}
			for _, d := range found {
				if len(d.Summary) > 1000 {
					t.Errorf("a summary of %d bytes", len(d.Summary))
				}
			}
		})
	}
}
