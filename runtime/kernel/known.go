package kernel

import (
	"path/filepath"

	"vnet/runtime/host"
)

// Cookie tells which namespace bears a name now; 0 for none.
func (h *Host) Cookie(ns string) uint64 {
	if !fileName(ns) {
		return 0
	}
	id, err := h.borne(runDir + "/" + ns)
	if err != nil {
		return 0
	}
	return id
}

// Processes lists what runs in a group of programs, of this vnet or of one
// that is gone.
func (h *Host) Processes(group host.GroupKill) []int {
	if !groupID(group.ID) {
		return nil
	}
	if group.Dir != "" && filepath.Base(group.Dir) == group.ID {
		if pids := members(group.Dir); len(pids) > 0 {
			return pids
		}
	}
	return wearers(group.ID)
}
