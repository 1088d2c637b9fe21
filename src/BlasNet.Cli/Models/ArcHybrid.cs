namespace BlasNet.Cli.Models;

/// <summary>How far a sentence is parsed, by the arc-hybrid system: a stack of words whose heads are still open, and the words that follow.</summary>
/// <remarks>
/// Words are 1 … n; the root is n + 1, the last of the words that follow; 0 stands for a word that is not there. Transitions: shift moves the next word to the
/// stack; left makes the next word the head of the stack's top, right the word below it; both take the top off.
/// Source: Kuhlmann, Gómez-Rodríguez and Satta, "Dynamic programming algorithms for transition-based dependency parsers", ACL 2011. Costs: Goldberg and
/// Nivre, "Training deterministic parsers with non-deterministic oracles", TACL 2013.
/// </remarks>
internal sealed class ArcHybrid
{
    private readonly int[] _stack, _heads, _relations;
    private readonly bool[] _isOnStack;
    private readonly bool _hasOneTree;
    private int _depth;

    /// <param name="words">n.</param>
    /// <param name="hasOneTree">Whether the root may have one child only. Costs are right without.</param>
    public ArcHybrid(int words, bool hasOneTree = false)
    {
        (_stack, _heads, _relations, _isOnStack) = (new int[words + 1], new int[words + 2], new int[words + 2], new bool[words + 2]);
        (_hasOneTree, Next) = (hasOneTree, 1);
    }

    private ArcHybrid(ArcHybrid other)
    {
        (_stack, _heads, _relations) = ([.. other._stack], [.. other._heads], [.. other._relations]);
        (_isOnStack, _hasOneTree, _depth, Next) = ([.. other._isOnStack], other._hasOneTree, other._depth, other.Next);
    }

    /// <summary>What a transition does; the relation of left and right is chosen besides.</summary>
    public enum Kind
    {
        Shift,
        Left,
        Right,
    }

    /// <summary>The first of the words that follow.</summary>
    public int Next { get; private set; }

    /// <summary>Whether every word has a head.</summary>
    public bool IsFinal => _depth == 0 && Next == Root;

    /// <summary>For each word the head found; 0 where there is none yet. The root's number is n + 1.</summary>
    public ReadOnlySpan<int> Heads => _heads;

    /// <summary>For each word the relation to its head.</summary>
    public ReadOnlySpan<int> Relations => _relations;

    private int Root => _heads.Length - 1;

    /// <summary>A word of the stack: 0 for its top, 1 for the word below it.</summary>
    /// <returns>0 where there is none.</returns>
    public int Top(int below) => below < _depth ? _stack[_depth - 1 - below] : 0;

    public ArcHybrid Copy() => new(this);

    public bool IsLegal(Kind kind) => kind switch
    {
        Kind.Shift => Next < Root,
        Kind.Left => _depth > 0 && (Next < Root || _depth == 1 || !_hasOneTree),
        _ => _depth > 1,
    };

    /// <summary>Makes a transition.</summary>
    /// <param name="kind">A legal one.</param>
    /// <param name="relation">Of the arc, if there is one.</param>
    public void Apply(Kind kind, int relation)
    {
        if (kind == Kind.Shift)
        {
            _isOnStack[Next] = true;
            _stack[_depth++] = Next++;
            return;
        }

        int word = Top(0);
        (_heads[word], _relations[word]) = (kind == Kind.Left ? Next : Top(1), relation);
        _isOnStack[word] = false;
        _depth--;
    }

    /// <summary>How many arcs of a projective tree can no longer be found after a transition that could be found before it.</summary>
    public int Cost(Kind kind, ReadOnlySpan<int> goldHeads)
    {
        int top = Top(0), below = Top(1), lost = 0;
        if (kind == Kind.Shift)
        {
            foreach (int word in _stack.AsSpan(0, _depth))
                lost += goldHeads[word] == Next ? 1 : 0;

            int head = goldHeads[Next];
            return lost + (_isOnStack[head] && head != top ? 1 : 0);
        }

        for (int word = Next; word < Root; word++)
            lost += goldHeads[word] == top ? 1 : 0;

        int headOfTop = goldHeads[top];
        bool losesHead = kind == Kind.Left ? headOfTop > Next || (headOfTop == below && below > 0) : headOfTop >= Next;
        return lost + (losesHead ? 1 : 0);
    }

    /// <summary>The arc that left or right would add is one of a tree.</summary>
    public bool IsRight(Kind kind, ReadOnlySpan<int> goldHeads) => goldHeads[Top(0)] == (kind == Kind.Left ? Next : Top(1));
}
