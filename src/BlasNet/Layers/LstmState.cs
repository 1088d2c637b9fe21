using BlasNet.Graphs;

namespace BlasNet.Layers;

/// <summary>What an LSTM hands on.</summary>
/// <param name="H">The hidden state, which is also the output.</param>
/// <param name="C">The memory cell, of the same length.</param>
public readonly record struct LstmState(Expr H, Expr C);
