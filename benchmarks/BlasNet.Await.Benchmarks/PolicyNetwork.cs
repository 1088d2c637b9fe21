using BlasNet.Graphs;
using BlasNet.Layers;
using BlasNet.Training;
using TreeSearch;
using static BlasNet.Operators.Op;

namespace BlasNet.Await.Benchmarks;

/// <summary>The network of the sample TreeSearch: 84-64-64, then seven scores of moves and the position's value.</summary>
internal sealed class PolicyNetwork : IDisposable
{
    private const int Hidden = 64;

    private readonly Mlp _body;
    private readonly Linear _moves, _value;

    public PolicyNetwork()
    {
        Model = new Model(seed: 1);
        _body = new Mlp(Model, "body", Board.Inputs, Hidden, Hidden);
        _moves = new Linear(Model, "moves", Board.Columns, Hidden);
        _value = new Linear(Model, "value", 1, Hidden);
    }

    public Model Model { get; }

    public Expr Of(Expr position)
    {
        Expr h = Relu(_body.Apply(position));
        return Concatenate(_moves.Apply(h), Tanh(_value.Apply(h)));
    }

    public void Dispose() => Model.Dispose();
}
