using System.Reflection;
using BlasNet.Graphs;

namespace BlasNet.Tests.Contracts;

/// <summary>Every operator that the library has an instance of; those that depend on a graph, such as calls and fused cells, are not among them.</summary>
internal static class OperatorCatalog
{
    public static IReadOnlyList<Operator> All { get; } =
    [
        .. typeof(Operator).Assembly.GetTypes()
            .Where(type => type.IsSubclassOf(typeof(Operator)))
            .SelectMany(type => type.GetFields(BindingFlags.Static | BindingFlags.Public))
            .Where(field => field.FieldType.IsSubclassOf(typeof(Operator)))
            .Select(field => (Operator)field.GetValue(null)!)
            .OrderBy(op => op.Name, StringComparer.Ordinal),
    ];
}
