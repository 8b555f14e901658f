// Man writes the manual pages of vnet into a directory: vnet(1) and a page for
// each command, from the tables of the command line, and vnet(5) from the
// reference of the language.
//
//	go run ./contrib/man [-version V] [-date D] DIR
package main

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"

	"vnet/lang"
	"vnet/repl/command"
)

func main() {
	e := edition{}
	flag.StringVar(&e.version, "version", "", "the version of vnet that is described")
	flag.StringVar(&e.date, "date", "", "the day of that version, 2006-01-02")
	flag.Parse()
	if flag.NArg() != 1 {
		fmt.Fprintln(os.Stderr, "usage: man [-version V] [-date D] DIR")
		os.Exit(2)
	}
	if err := e.write(flag.Arg(0)); err != nil {
		fmt.Fprintln(os.Stderr, "man:", err)
		os.Exit(1)
	}
}

// An edition is of what version the pages are.
type edition struct{ version, date string }

// write writes all pages.
func (e edition) write(dir string) error {
	pages := e.commands(command.Tree())
	pages["vnet.5"] = e.language(lang.Reference)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	for name, text := range pages {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			return err
		}
	}
	return nil
}
