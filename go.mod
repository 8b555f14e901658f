module vnet

go 1.26
