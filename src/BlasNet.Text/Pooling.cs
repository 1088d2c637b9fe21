namespace BlasNet.Text;

/// <summary>How the vectors of a text's tokens become one.</summary>
public enum Pooling
{
    /// <summary>Their mean.</summary>
    Mean,

    /// <summary>The first token's, which BERT calls CLS.</summary>
    First,

    /// <summary>Element by element the largest.</summary>
    Max,
}
