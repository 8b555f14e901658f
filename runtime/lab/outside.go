package lab

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"

	"vnet/runtime/host"
	"vnet/runtime/journal"
)

// outsideFile holds, beside a journal, an Outside.
const outsideFile = "outside.json"

// An Outside is what a run has left beside what its operations made, so that it
// can be told later what has become of it.
type Outside struct {
	Traits   map[string]host.Traits `json:",omitempty"` // by namespace
	Files    map[string]string      `json:",omitempty"` // those that statements wrote, by path
	Programs []Program              `json:",omitempty"`
}

// A Program is what ran in a group of programs when the run was over.
type Program struct {
	Group host.GroupKill
	Name  string // as the script calls it; what an exec has left is called as the system does
}

// Save keeps it beside the journal of the transaction.
func (o *Outside) Save(j *journal.Journal) error {
	if len(o.Traits)+len(o.Files)+len(o.Programs) == 0 {
		return nil
	}
	data, err := json.Marshal(o)
	if err != nil {
		return err
	}
	return j.Save(outsideFile, data)
}

// Outside is what its runs have left, as the last one there left it.
func (l *Lab) Outside() Outside {
	all := Outside{Traits: map[string]host.Traits{}, Files: map[string]string{}}
	for _, p := range l.Parts {
		var o Outside
		data, err := os.ReadFile(filepath.Join(p.Dir, outsideFile))
		if err != nil || json.Unmarshal(data, &o) != nil {
			continue
		}
		maps.Copy(all.Traits, o.Traits)
		maps.Copy(all.Files, o.Files)
		all.Programs = append(all.Programs, o.Programs...)
	}
	return all
}
