package model

import (
	"testing"

	"vnet/runtime/host"
	"vnet/runtime/host/contract"
)

func contractHost(*testing.T) host.Host { return New(Options{}) }

func contractSpace(name string) string { return "ns-" + name }

func TestContract(t *testing.T) { contract.Test(t, contractHost, contractSpace) }

func TestContractUndo(t *testing.T) { contract.Undo(t, contractHost, contractSpace) }
