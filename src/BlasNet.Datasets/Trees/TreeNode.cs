using System.Runtime.InteropServices;

namespace BlasNet.Datasets;

/// <summary>A node of an immutable tree, together with all that is below it.</summary>
/// <typeparam name="TSelf">The class derived from this one.</typeparam>
public abstract class TreeNode<TSelf>
    where TSelf : TreeNode<TSelf>
{
    private readonly TSelf[] _children;

    private protected TreeNode(TSelf[] children) => _children = children;

    /// <summary>From left to right; none for a leaf.</summary>
    public ReadOnlySpan<TSelf> Children => _children;

    /// <summary>Whether the node has a word instead of children.</summary>
    public bool IsLeaf => _children.Length == 0;

    /// <summary>The first of two children.</summary>
    /// <exception cref="InvalidOperationException">The node has another number of children.</exception>
    public TSelf Left => OfTwo(0);

    /// <summary>The second of two children.</summary>
    /// <exception cref="InvalidOperationException">The node has another number of children.</exception>
    public TSelf Right => OfTwo(1);

    /// <summary>All nodes, children before parents, from left to right; the node itself comes last. Trees may be of any depth.</summary>
    public IEnumerable<TSelf> PostOrder()
    {
        var path = new Stack<(TSelf Node, int Child)>();
        path.Push(((TSelf)this, 0));

        while (path.TryPop(out var step))
        {
            TSelf[] children = step.Node._children;

            if (step.Child == children.Length)
            {
                yield return step.Node;
            }
            else
            {
                path.Push((step.Node, step.Child + 1));
                path.Push((children[step.Child], 0));
            }
        }
    }

    /// <summary>Computes a value for every node from those of its children, and returns that of this node.</summary>
    /// <remarks>The same as a recursive function, for trees too deep for recursion.</remarks>
    /// <param name="combine">Given a node and the values of its children.</param>
    public TResult Fold<TResult>(Func<TSelf, ReadOnlySpan<TResult>, TResult> combine)
    {
        ArgumentNullException.ThrowIfNull(combine);
        List<TResult> results = [];

        foreach (TSelf node in PostOrder())
        {
            int first = results.Count - node._children.Length;
            TResult result = combine(node, CollectionsMarshal.AsSpan(results)[first..]);
            results.RemoveRange(first, node._children.Length);
            results.Add(result);
        }

        return results[0];
    }

    private TSelf OfTwo(int child) => _children.Length == 2
        ? _children[child]
        : throw new InvalidOperationException($"The node has {_children.Length} children; a left and a right one are those of two.");
}
