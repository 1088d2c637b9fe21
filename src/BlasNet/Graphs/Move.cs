using BlasNet.Memory;

namespace BlasNet.Graphs;

/// <summary>A range of elements that moves from an input of a node to its output; what gather copies, scatter-add adds.</summary>
/// <remarks>16 bytes: a minibatch has thousands of moves, which every pass reads or copies.</remarks>
internal readonly record struct Move
{
    private readonly int _input;   // with the sign bit set in a first one

    public Move(int input, int source, int target, int length, bool isFirst = false) =>
        (_input, Source, Target, Length) = (isFirst ? input | int.MinValue : input, source, target, length);

    /// <summary>Which input of the node.</summary>
    public int Input => _input & int.MaxValue;

    /// <summary>First element in the input's stack.</summary>
    public int Source { get; }

    /// <summary>First element in the output's stack.</summary>
    public int Target { get; }

    /// <summary>Number of elements.</summary>
    public int Length { get; init; }

    /// <summary>Of a scatter-add: nothing earlier in the list adds to these elements of the output, so they are written, not added to.</summary>
    public bool IsFirst => _input < 0;

    /// <summary>The same move from another input, not marked as the first.</summary>
    public Move From(int input) => new(input, Source, Target, Length);

    /// <summary>The same move, marked as the first to its elements.</summary>
    public Move AsFirst() => new(Input, Source, Target, Length, isFirst: true);

    /// <summary>Whether whole vectors of a length move to places of whole vectors.</summary>
    public bool MovesVectors(Divisor rows) => rows.Divides(Source) && MovesToVectors(rows);

    /// <summary>Whether what moves comes to lie in places of whole vectors of a length.</summary>
    public bool MovesToVectors(Divisor rows) => rows.Divides(Target) && rows.Divides(Length);

    /// <summary>The same range on its way back, as the gradient needs it.</summary>
    public Move Reverse() => new(0, Target, Source, Length);
}
