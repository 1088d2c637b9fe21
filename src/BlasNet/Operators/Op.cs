namespace BlasNet.Operators;

/// <summary>The operations of a model, one file each: functions from expressions to an expression.</summary>
/// <remarks>Use them by <c>using static BlasNet.Operators.Op;</c>. Every function checks its operands' shapes when it is called.</remarks>
public static partial class Op;
