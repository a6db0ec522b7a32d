"""Definitions of the nets and solvers, generated with Caffe's NetSpec."""
