"""How the platform is put on machines: locally as plain processes, in containers, in a cluster."""
