package runtime_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	caseRow  = regexp.MustCompile(`(?m)^\| (\d+) \| (.+) \| (.+) \|$`)
	caseTest = regexp.MustCompile("`([a-z/]+):(Test\\w+)(?:/(\\d+))?`")
)

// The cases of DESIGN.md are numbered, and each names tests that there are, or
// says why there is none.
func TestCasesHaveTests(t *testing.T) {
	text, err := os.ReadFile("DESIGN.md")
	if err != nil {
		t.Fatal(err)
	}
	rows := caseRow.FindAllStringSubmatch(string(text), -1)
	if len(rows) != 50 {
		t.Errorf("%d cases", len(rows))
	}
	for _, row := range rows {
		if strings.HasPrefix(row[3], "none: ") {
			continue
		}
		tests := caseTest.FindAllStringSubmatch(row[3], -1)
		if len(tests) != strings.Count(row[3], "`")/2 || len(tests) == 0 {
			t.Errorf("case %s: %s cannot be read", row[1], row[3])
		}
		for _, test := range tests {
			if !hasTest(t, filepath.Join("..", test[1]), test[2], test[3]) {
				t.Errorf("case %s: there is no %s", row[1], test[0])
			}
		}
	}
}

// hasTest looks for a test in a folder, and for a subtest that begins with a
// number in its sources or the lists beside them.
func hasTest(t *testing.T, dir, name, number string) bool {
	t.Helper()
	sources, _ := filepath.Glob(filepath.Join(dir, "*_test.go"))
	lists, _ := filepath.Glob(filepath.Join(dir, "testdata", "*.txt"))
	subtest := regexp.MustCompile(`(?m)^(\s*\{")?` + number + ` `)
	found, foundNumber := false, number == ""
	for _, path := range append(sources, lists...) {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		found = found || strings.Contains(string(text), "\nfunc "+name+"(")
		foundNumber = foundNumber || subtest.Match(text)
	}
	return found && foundNumber
}
