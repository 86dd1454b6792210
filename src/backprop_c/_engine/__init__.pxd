"""Where `cimport Engine` found it before it was public."""

from backprop_c._engine.engine cimport Engine
