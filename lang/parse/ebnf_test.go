package parse

import (
	"flag"
	"os"
	"testing"
)

var update = flag.Bool("update", false, "write the golden files anew")

func TestGrammarFile(t *testing.T) {
	const golden = "../grammar.ebnf"
	got := Grammar()
	if *update {
		if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Error("lang/grammar.ebnf is not what the parsers say; run go test ./lang/parse -update")
	}
}
