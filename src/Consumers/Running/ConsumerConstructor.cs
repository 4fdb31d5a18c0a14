using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using Microsoft.Extensions.DependencyInjection;

namespace ChannelsNet.Running;

/// <summary>Makes consumers of one class from services and the arguments that were given where it is routed.</summary>
internal sealed class ConsumerConstructor<[DynamicallyAccessedMembers(DynamicallyAccessedMemberTypes.PublicConstructors)] TConsumer>(object[] arguments)
    where TConsumer : Consumer
{
    private readonly ObjectFactory<TConsumer> _create = Find(arguments);

    public TConsumer Create(IServiceProvider services) => _create(services, arguments);

    /// <summary>A sentence for each service that the constructor needs and nobody has added.</summary>
    public IEnumerable<string> Faults(IServiceProvider services)
    {
        // Of several constructors only the container knows which one it takes; and not every container can tell what it has.
        if (typeof(TConsumer).GetConstructors() is not [var constructor]
            || services.GetService<IServiceProviderIsService>() is not { } known)
        {
            return [];
        }

        // Each argument takes the first parameter that it fits and no other has taken, as the factory has it.
        var parameters = constructor.GetParameters().ToList();
        foreach (var argument in arguments)
        {
            parameters.RemoveAt(parameters.FindIndex(parameter => parameter.ParameterType.IsInstanceOfType(argument)));
        }

        return parameters.Where(parameter => !parameter.HasDefaultValue && !IsKnown(parameter, known)).Select(parameter =>
            $"{typeof(TConsumer)} needs \"{parameter.Name}\", and there is no service {parameter.ParameterType}. "
            + $"Add it to the services, or give it where the consumer is routed: Consumer.For<{typeof(TConsumer).Name}>({parameter.Name}).");
    }

    private static bool IsKnown(ParameterInfo parameter, IServiceProviderIsService known) =>
        parameter.GetCustomAttribute<FromKeyedServicesAttribute>() is { } keyed
            ? known is not IServiceProviderIsKeyedService keys || keys.IsKeyedService(parameter.ParameterType, keyed.Key)
            : known.IsService(parameter.ParameterType);

    private static ObjectFactory<TConsumer> Find(object[] arguments)
    {
        var missing = Array.FindIndex(arguments, argument => argument is null);
        if (missing >= 0)
        {
            throw new ArgumentException(
                $"Argument {missing + 1} of Consumer.For<{typeof(TConsumer).Name}>(…) is null; expected an object, for null says no type.", nameof(arguments));
        }

        try
        {
            return ActivatorUtilities.CreateFactory<TConsumer>([.. arguments.Select(argument => argument.GetType())]);
        }
        catch (InvalidOperationException fault)
        {
            throw new ArgumentException(
                $"{typeof(TConsumer)} has no public constructor, or more than one, that takes {Describe(arguments)} beside services. "
                + $"Give Consumer.For<{typeof(TConsumer).Name}>(…) what one constructor needs, or mark one with [ActivatorUtilitiesConstructor].",
                nameof(arguments),
                fault);
        }
    }

    private static string Describe(object[] arguments) =>
        arguments.Length == 0 ? "no arguments" : $"({string.Join(", ", arguments.Select(argument => argument.GetType().Name))})";
}
